// Branded primitives: a string or number that only its own kind may stand in for.

declare const brand: unique symbol;

/** A `T` that the compiler keeps apart from every other `T`: an edition's label is no application's id. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
