// Passkeys: what WebAuthn gives and takes as bytes travels as JSON. Shown only where browsers have them.
"use strict";

const WAYS = {
  "sign-in": { options: "/sign-in/passkey/options", proof: "/sign-in/passkey" },
  "step-up": { options: "/sign-in/passkey/options", proof: "/step-up/passkey" },
  add: { options: "/account/passkeys/options", proof: "/account/passkeys" },
};

async function ask(address, content, csrf) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(content) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail || told.title);
  return told;
}

async function proofOf(way, options) {
  if (way === "add") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

async function use(box) {
  const { passkey: way, csrf, next } = box.dataset;
  const label = box.querySelector("[data-label]")?.value;
  const { challenge_id, options } = await ask(WAYS[way].options, {}, csrf);
  const credential = (await proofOf(way, options)).toJSON();
  const told = await ask(WAYS[way].proof, { challenge_id, credential, label, next }, csrf);
  location.assign(told.next);
}

// The page brings the words, in its own language.
function wordsFor(fault, { dataset }) {
  if (fault.name === "NotAllowedError") return dataset.noneChosen;
  if (fault.name === "InvalidStateError") return dataset.hasOne;
  if (fault.name === "SecurityError") return dataset.insecure;
  return fault.message;
}

if (window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
  for (const box of document.querySelectorAll("[data-passkey]")) {
    const button = box.querySelector("button");
    const words = box.querySelector(".refusal");
    box.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      words.hidden = true;
      try {
        await use(box);
      } catch (fault) {
        words.textContent = wordsFor(fault, box);
        words.hidden = false;
        button.disabled = false;
      }
    });
  }
}
