/** What a browser sees at the market's address. */
export const edgeIndex = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>AISBF</title>
<h1>AISBF</h1>
<p>A market for access to AI models.</p>
<ul>
<li><code>/v1</code>: buy, with any OpenAI client (<a href="/openapi.json">description</a>);
<code>/api/{provider}</code>, <code>/api/rotations</code>, <code>/api/autoselections</code> likewise</li>
<li><code>/api/coderai</code>: sell, by connecting a worker</li>
<li><code>/api/account</code>: users, API tokens, balance, receipts</li>
<li><code>/api/catalog</code>: providers, listings, rotations, the market and imports from it</li>
</ul>
</html>
`;
