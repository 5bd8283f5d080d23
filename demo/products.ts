// What the shop sells. Pictures are drawn by the page: a hue and a shape each.

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly cents: number;
  readonly hue: number;
  readonly shape: "bag" | "cup" | "pot" | "mill" | "tin" | "book";
}

export const PRODUCTS: readonly Product[] = [
  { id: "ebb", name: "Ebb", text: "Dark roast: cocoa, walnut, low tide", cents: 1290, hue: 24, shape: "bag" },
  {
    id: "flow",
    name: "Flow",
    text: "Light roast: bergamot, peach, first light",
    cents: 1450,
    hue: 168,
    shape: "bag",
  },
  {
    id: "slack",
    name: "Slack Water",
    text: "Decaf that nobody notices being swapped in",
    cents: 1350,
    hue: 205,
    shape: "tin",
  },
  {
    id: "pilot",
    name: "Pilot's Mug",
    text: "Stoneware, 350 ml, keeps its affinity to your hand",
    cents: 1800,
    hue: 340,
    shape: "cup",
  },
  {
    id: "lock",
    name: "Lock Keeper",
    text: "Pour-over pot with a gate that closes softly",
    cents: 4200,
    hue: 265,
    shape: "pot",
  },
  {
    id: "mill",
    name: "Tide Mill",
    text: "Hand grinder, 38 steps, no downtime",
    cents: 6900,
    hue: 45,
    shape: "mill",
  },
];

/** "12.90" */
export function price(cents: number): string {
  return (cents / 100).toFixed(2);
}
