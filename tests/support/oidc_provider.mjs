// A company's OpenID provider for tests: anybody signs in by typing an address, and it says that it is theirs.
// Arguments: port, where the browser is sent back to. It says "ready" when it listens.
import { Provider } from "oidc-provider";

const [port, back] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id: "ampledger", client_secret: "of-tests-only", redirect_uris: [back] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false, // as large providers do: the address is in the ID token
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["of-tests-only"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: !id.startsWith("unverified") }),
  }),
});

provider.listen(Number(port), "localhost", () => console.log("ready"));
