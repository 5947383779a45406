// What prices.json says for a price in cents; pages divide by 100.
export const published = (cents) => cents;
