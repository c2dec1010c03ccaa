/** The key of the stored hashes: kept out of the database, so that a stolen copy of it opens nothing. */
export class Pepper {
  constructor(readonly value: string) {}
}
