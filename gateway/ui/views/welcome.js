// What a lab shows in which nothing is open: how to see a code arrive.

import { html } from "../vendor/preact.js";
import { useStore } from "../store.js";
import { Starter } from "./starter.js";

export function Welcome({ missing }) {
  const { handsets, facts } = useStore();
  const first = handsets.keys().next().value;
  return html`<section class="welcome" aria-label="Begin here">
    ${missing && html`<p class="error">The lab has no handset ${missing}.</p>`}
    <div class="card hero">
      <h2>See a code arrive</h2>
      <p>
        The handsets on this page receive what your service sends. Start a confirmation here in the name of
        ${facts.services[0] ? html` <b>${facts.services[0].name}</b>` : " a service"}: the code goes through the gateway, over SMPP to the SMSC, and to the phone.
      </p>
      ${first && facts.services.length
        ? html`<${Starter} number=${first} choose=${true} big=${true} />`
        : html`<p class="quiet">The lab has no ${first ? "service" : "handset"}: add one to its configuration.</p>`}
      <ol class="steps">
        <li><b>Send me a code</b> opens the phone and starts the confirmation.</li>
        <li>The text arrives on the phone; a click shows the code.</li>
        <li>Type the code beside the phone: the number is confirmed.</li>
      </ol>
    </div>
    <div class="card">
      <h2>Or from your own code</h2>
      <pre tabindex="0" aria-label="Example"><code>curl -H 'Authorization: Bearer KEY' ${location.origin}/v1/confirmations \\
  -d '{"phone_number": "${first ?? "+70000000001"}", "method": "sms_code"}'</code></pre>
      <p class="quiet"><code>KEY</code> is the key of a service, in the configuration; of the default lab it is <code>lab-demo-key</code>.</p>
      <p>An ESME of your own binds to <code>${location.hostname}:${facts.smpp_port}</code>, and its texts arrive here too.</p>
      <p class="quiet">The default lab knows it as <code>smppclient1</code> with the password <code>password</code>. All else is told in the <a href="/docs/">documentation</a>; <kbd>?</kbd> shows the shortcuts.</p>
    </div>
  </section>`;
}
