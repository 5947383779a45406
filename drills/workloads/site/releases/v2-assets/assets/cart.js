document.querySelectorAll("form.cart").forEach((form) => form.requestSubmit());
