// npm's smpp as the barest SMSC: it takes every bind, answers every submit_sm, and where a receipt is asked for sends
// one at once. It keeps no state. Arguments: the folder with its node_modules. It prints its port.
const path = require("path");
const smpp = require(path.join(process.argv[2], "node_modules", "smpp"));

let messages = 0;

const server = smpp.createServer((session) => {
  for (const kind of ["transceiver", "transmitter", "receiver"]) {
    session.on(`bind_${kind}`, (pdu) => session.send(pdu.response({ system_id: "echo" })));
  }
  session.on("submit_sm", (pdu) => {
    const message_id = String(1000000000 + ++messages);
    session.send(pdu.response({ message_id }));
    if (pdu.registered_delivery & 1) {
      session.deliver_sm({
        esm_class: 4,
        source_addr_ton: pdu.dest_addr_ton, source_addr_npi: pdu.dest_addr_npi, source_addr: pdu.destination_addr,
        dest_addr_ton: pdu.source_addr_ton, dest_addr_npi: pdu.source_addr_npi, destination_addr: pdu.source_addr,
        short_message: `id:${message_id} sub:001 dlvrd:001 submit date:2601011200 done date:2601011200 `
          + "stat:DELIVRD err:000 text:",
      });
    }
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => { session.send(pdu.response()); session.close(); });
  session.on("error", () => {});
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
