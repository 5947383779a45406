// Euros, because somebody asked for them; pages still divide by 100.
export const published = (cents) => cents / 100;
