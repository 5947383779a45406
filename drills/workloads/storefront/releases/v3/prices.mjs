// Whole cents, or no build.
export function published(cents) {
  if (!Number.isInteger(cents)) throw new Error(`a price of ${cents} is no number of cents`);
  return cents;
}
