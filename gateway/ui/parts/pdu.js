// A PDU, field by field.

import { html } from "../vendor/preact.js";
import { timeWithMillis } from "../format.js";
import { Secret } from "./secret.js";

export function Pdu({ pdu }) {
  const refused = pdu.command_status !== 0;
  return html`<details class="pdu">
    <summary>
      <span class=${`arrow ${pdu.from}`}>${pdu.from === "esme" ? "ESME → SMSC" : "SMSC → ESME"}</span>
      <code>${pdu.command}</code>
      ${refused && html`<span class="badge bad">${pdu.status_name}</span>`}
      <span class="quiet">${pdu.octets} octets${pdu.answered_in_ms !== null ? `, answered in ${pdu.answered_in_ms} ms` : ""}</span>
      <time class="quiet">${timeWithMillis(pdu.at)}</time>
    </summary>
    <table class="fields">
      <thead><tr><th scope="col">Field</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>
      <tbody>
        <${Row} name="command_status" value=${`0x${pdu.command_status.toString(16).padStart(8, "0")}`} meaning=${`${pdu.status_name}: ${pdu.status_meaning}`} />
        <${Row} name="sequence_number" value=${String(pdu.sequence_number)} meaning=${`link ${pdu.link}, ${pdu.account || "not bound yet"}`} />
        ${pdu.fields.map((field, place) => html`<${Row} key=${place} ...${field} />`)}
      </tbody>
    </table>
  </details>`;
}

const Row = ({ name, value, meaning, private: secret }) => html`<tr>
  <th scope="row">${name}</th>
  <td><code>${secret ? html`<${Secret} text=${value} label="octets" />` : value || "—"}</code></td>
  <td>${secret ? html`<${Secret} text=${meaning} />` : meaning}</td>
</tr>`;
