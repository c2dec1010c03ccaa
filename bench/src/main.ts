/** The entry of `npm run bench`. */
console.log('Nothing is measured yet.');
