document.querySelectorAll("form.checkout").forEach((form) => form.requestSubmit());
