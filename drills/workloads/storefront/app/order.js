export function showForm(place, api) {
  const form = document.createElement("form");
  form.id = "order-form";
  form.method = "post";
  form.action = `${api}/orders`;
  form.innerHTML = `<h2>Your order</h2>
    <p><label>Name <input name="name"></label> <label>How many <input name="count" type="number" value="1"></label></p>
    <p><button>Buy</button> <small>order form ${__VERSION__}</small></p>`;
  place.replaceChildren(form);
}
