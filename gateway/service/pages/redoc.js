// The nonce is data, for a browser hides the attribute of that name from scripts.
const place = document.getElementById('docs');
Redoc.init('openapi.json', { nonce: place.dataset.nonce }, place);
