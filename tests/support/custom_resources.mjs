// Reads custom resources as a JSON array on standard input, and prints what is wrong with each by the schema of
// its definition: an array of sentences. A kind that no package knows is a fault as well.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PACKAGES = {
  "argoproj.io": "argo-cd",
  "cert-manager.io": "cert-manager",
  "external-secrets.io": "external-secrets",
  "gateway.networking.k8s.io": "gateway-api",
  "helm.toolkit.fluxcd.io": "flux-cd",
  "keda.sh": "keda",
  "monitoring.coreos.com": "prometheus-operator",
  "postgresql.cnpg.io": "cloudnative-pg",
  "source.toolkit.fluxcd.io": "flux-cd",
};

async function faultsOf({ apiVersion, kind, metadata, spec }) {
  const file = `node_modules/@kubernetes-models/${PACKAGES[apiVersion.split("/")[0]]}/${apiVersion}/${kind}.js`;
  try {
    const models = await import(pathToFileURL(file));
    new models[kind]({ metadata, spec }).validate();
    return [];
  } catch (fault) {
    return [`${apiVersion} ${kind} ${metadata.name}: ${fault.message}`];
  }
}

const resources = JSON.parse(readFileSync(0, "utf8"));
const faults = await Promise.all(resources.map(faultsOf));
console.log(JSON.stringify(faults.flat()));
