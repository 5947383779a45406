import "./main.css";
import "./register.js";

const UNFINISHED = "unfinished order";

function euros(cents) {
  return `${(cents / 100).toFixed(2)} €`;
}

async function showPrices() {
  const { prices } = await (await fetch("/prices.json")).json();
  const rows = Object.entries(prices).map(([name, cents]) => {
    const row = document.createElement("tr");
    row.insertCell().textContent = name;
    const price = row.insertCell();
    price.id = `price-${name}`;
    price.textContent = euros(cents);
    return row;
  });
  document.querySelector("#prices").replaceChildren(...rows);
}

async function order() {
  try {
    const { showForm } = await import("./order.js");
    showForm(document.querySelector("#form"), __API_URL__);
  } catch (problem) {
    // Once: where the page that is served now has no order form either, another reload would be no better.
    if (!__RELOAD__ || sessionStorage.getItem(UNFINISHED)) throw problem;
    sessionStorage.setItem(UNFINISHED, "yes");
    location.reload();
    return;
  }
  sessionStorage.removeItem(UNFINISHED);
}

document.querySelector("#release").textContent = __VERSION__;
document.querySelector("#order").addEventListener("click", order);
showPrices();
if (__RELOAD__ && sessionStorage.getItem(UNFINISHED)) order();
