// The address that `confirmlab serve` prints ends in #TOKEN: it is sent at once, and goes into no log and no history.
// What begins with #/ is the view that somebody wanted to see; browsers keep it through the login to the page.
const field = document.getElementById("token");
document.getElementById("wrong").hidden = !location.search.includes("wrong");
if (location.hash.startsWith("#/")) {
  field.form.action += location.hash;
} else if (location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", "/login");
  field.form.submit();
}
