// smpp of npm: the driver stands beside its node_modules. See common.py for what a driver does.
const fs = require("fs");
const smpp = require("smpp");

const [port, url, folder] = process.argv.slice(2);
const texts = JSON.parse(fs.readFileSync(`${folder}/texts.json`));
const number = "70000000001";
const tell = (step, outcome = "yes") => console.log(JSON.stringify({ step, outcome }));
const address = {
  source_addr_ton: 5, source_addr: "peer", dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: number,
};

const connected = () => new Promise((resolve, reject) => {
  const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => resolve(session));
  session.on("error", reject);
});
const ask = (session, operation, fields = {}) => new Promise((resolve) => session[operation](fields, resolve));
const bind = async (kind, password = "secret") => {
  const session = await connected();
  return [session, await ask(session, `bind_${kind}`, { system_id: "peer", password })];
};
const status = (pdu) => Object.keys(smpp.errors).find((name) => smpp.errors[name] === pdu.command_status);
const outcome = (pdu) => (pdu.command_status === 0 ? "yes" : `refused with ${status(pdu)}`);
const fromHandset = (text) => fetch(`${url}/lab/handsets/%2B${number}/messages`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ to: "1234", text }),
});

// Cut a text as its user must: the library only puts a given header before the text.
function parts(text) {
  const latin = /^[\x20-\x7e]*$/.test(text);
  const most = latin ? 160 : 70;
  if (text.length <= most) return [text];
  const room = latin ? 153 : 67;
  const bodies = [];
  for (let at = 0; at < text.length; at += room) bodies.push(text.slice(at, at + room));
  return bodies.map((message, index) => ({
    udh: Buffer.from([5, 0, 3, 77, bodies.length, index + 1]), message,
  }));
}

async function main() {
  const [refused, answer] = await bind("transceiver", "wrong");
  tell("wrong password", status(answer) === "ESME_RINVPASWD" ? "refused" : `refused with ${status(answer)}`);
  refused.destroy();
  for (const kind of ["transmitter", "receiver"]) {
    const [session, bound] = await bind(kind);
    tell(`bind_${kind}`, outcome(bound));
    await ask(session, "unbind");
    session.close();
  }
  const [session, bound] = await bind("transceiver");
  tell("bind_transceiver", outcome(bound));
  const delivered = [];
  let arrived = () => {};
  session.on("deliver_sm", (pdu) => {
    session.send(pdu.response());
    delivered.push(pdu);
    arrived();
  });
  const until = (count) => new Promise((resolve) => {
    arrived = () => delivered.length >= count && resolve();
    arrived();
  });
  const submitted = [];
  for (const [name, text] of Object.entries(texts)) {
    const answers = [];
    for (const short_message of parts(text)) {
      answers.push(await ask(session, "submit_sm", { ...address, short_message, registered_delivery: 1 }));
    }
    submitted.push(...answers.map((pdu) => pdu.message_id));
    tell(`submit_sm: ${name}`, outcome(answers.at(-1)));
  }
  await until(submitted.length);
  const receipted = delivered.map((pdu) => pdu.receipted_message_id);
  tell("delivery receipts", receipted.sort().join() === submitted.sort().join() ? "yes" : `no: ${receipted}`);
  delivered.length = 0;
  await fromHandset(texts.Latin);
  await until(1);
  const [pdu] = delivered;
  const got = [pdu.destination_addr, pdu.short_message.message];
  tell("mobile-originated", got.join() === `1234,${texts.Latin}` ? "yes" : `no: ${got}`);
  tell("enquire_link", outcome(await ask(session, "enquire_link")));
  const id = { message_id: submitted[0], source_addr_ton: 5, source_addr: "peer" };
  tell("query_sm", outcome(await ask(session, "query_sm", id)));
  tell("cancel_sm of a delivered message", outcome(await ask(session, "cancel_sm", { ...id, ...address })));
  tell("replace_sm of a delivered message", outcome(await ask(session, "replace_sm", { ...id, short_message: "new" })));
  const many = { ...address, dest_address: [address], short_message: "to many" };
  tell("submit_multi", outcome(await ask(session, "submit_multi", many)));
  tell("data_sm", outcome(await ask(session, "data_sm", { ...address, message_payload: "by data_sm" })));
  tell("unbind", outcome(await ask(session, "unbind")));
  session.close();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
