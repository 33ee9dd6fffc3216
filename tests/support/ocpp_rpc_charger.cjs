// A charger that is none of ours: the strict client of npm's ocpp-rpc, which checks all that is said by its own schemas.
// Arguments: address of the gateway, serial number, subprotocol. It boots, charges, is limited, stops, and says how it went.
const { RPCClient } = require("ocpp-rpc");

const [endpoint, identity, protocol] = process.argv.slice(2);
const charger = new RPCClient({ endpoint, identity, protocols: [protocol], strictMode: true, reconnect: false });

const asked = [];
const waiting = [];
function heard(method) {
  asked.push(method);
  waiting.splice(0).forEach((go) => go());
}
async function until(holds) {
  while (!holds()) await new Promise((go) => waiting.push(go));
}

let answers = {};
charger.handle(({ method, params }) => {
  if (method === "GetVariables") {
    setImmediate(() => heard({ method, params }));
    return { getVariableResult: params.getVariableData.map((it) => ({ ...it, attributeStatus: "UnknownVariable" })) };
  }
  if (method === "SetVariables") {
    setImmediate(() => heard({ method, params }));
    return {
      setVariableResult: params.setVariableData.map(({ component, variable }) => ({
        component,
        variable,
        attributeStatus: "Accepted",
      })),
    };
  }
  setImmediate(() => heard({ method, params }));
  return answers[method] ?? { status: "Accepted" };
});

const now = () => new Date().toISOString();
const limits = () => asked.filter(({ method }) => method === "SetChargingProfile").map(({ params }) => params);

async function charge16() {
  answers = {
    GetConfiguration: { configurationKey: [], unknownKey: [] },
    GetLocalListVersion: { listVersion: -1 },
    GetCompositeSchedule: { status: "Rejected" },
  };
  const boot = () => charger.call("BootNotification", { chargePointVendor: "Strict", chargePointModel: "RPC" });
  if ((await boot()).status === "Pending") {
    await until(() => asked.some(({ method }) => method === "TriggerMessage"));
    if ((await boot()).status !== "Accepted") throw new Error("not accepted after its fail-safe was confirmed");
  }
  await charger.call("Heartbeat", {});
  await charger.call("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Preparing" });
  const started = await charger.call("StartTransaction", {
    connectorId: 1,
    idTag: "04A1B2C3",
    meterStart: 1000,
    timestamp: now(),
  });
  await charger.call("MeterValues", {
    connectorId: 1,
    transactionId: started.transactionId,
    meterValue: [
      {
        timestamp: now(),
        sampledValue: [
          { value: "10.0", measurand: "Current.Import", phase: "L1", unit: "A" },
          { value: "1200", measurand: "Energy.Active.Import.Register", unit: "Wh" },
        ],
      },
    ],
  });
  console.log("charging");
  await until(() => limits().some((it) => it.csChargingProfiles.validTo));
  console.log("limited");
  await charger.call("StopTransaction", {
    transactionId: started.transactionId,
    meterStop: 2500,
    timestamp: now(),
    reason: "Local",
  });
}

async function charge2() {
  answers = {
    GetLocalListVersion: { versionNumber: 0 },
    GetCompositeSchedule: { status: "Rejected" },
    GetBaseReport: { status: "NotSupported" },
    GetReport: { status: "NotSupported" },
  };
  const boot = () =>
    charger.call("BootNotification", { reason: "PowerUp", chargingStation: { model: "RPC", vendorName: "Strict" } });
  if ((await boot()).status === "Pending") {
    await until(() => asked.some(({ method }) => method === "TriggerMessage"));
    if ((await boot()).status !== "Accepted") throw new Error("not accepted after its fail-safe was confirmed");
  }
  await charger.call("Heartbeat", {});
  const status = { connectorId: 1, evseId: 1, connectorStatus: "Occupied", timestamp: now() };
  await charger.call("StatusNotification", status);
  const transactionId = `strict-${Date.now()}`;
  const register = (value, context) => [
    { timestamp: now(), sampledValue: [{ value, context, measurand: "Energy.Active.Import.Register" }] },
  ];
  await charger.call("TransactionEvent", {
    eventType: "Started",
    timestamp: now(),
    triggerReason: "Authorized",
    seqNo: 0,
    transactionInfo: { transactionId, chargingState: "Charging" },
    evse: { id: 1, connectorId: 1 },
    idToken: { idToken: "04A1B2C3", type: "ISO14443" },
    meterValue: register(1000, "Transaction.Begin"),
  });
  await charger.call("TransactionEvent", {
    eventType: "Updated",
    timestamp: now(),
    triggerReason: "MeterValuePeriodic",
    seqNo: 1,
    transactionInfo: { transactionId, chargingState: "Charging" },
    meterValue: [
      {
        timestamp: now(),
        sampledValue: [
          { value: 10.0, measurand: "Current.Import", phase: "L1", unitOfMeasure: { unit: "A" } },
          { value: 1.2, measurand: "Energy.Active.Import.Register", unitOfMeasure: { unit: "kWh" } },
        ],
      },
    ],
  });
  console.log("charging");
  await until(() => limits().some((it) => it.chargingProfile.validTo));
  console.log("limited");
  await charger.call("TransactionEvent", {
    eventType: "Ended",
    timestamp: now(),
    triggerReason: "EVDeparted",
    seqNo: 2,
    transactionInfo: { transactionId, chargingState: "Idle", stoppedReason: "EVDisconnected" },
    meterValue: register(2500, "Transaction.End"),
  });
}

(async () => {
  await charger.connect();
  await (protocol === "ocpp1.6" ? charge16() : charge2());
  console.log("done");
  await charger.close();
})().catch((fault) => {
  console.log(`failed: ${fault.stack ?? fault}`);
  process.exit(1);
});
