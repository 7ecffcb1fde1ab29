// The one page that talks to the API by itself: it asks the gateway that it came from.
SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  // Its default asks a server on the Internet whether the description is valid.
  validatorUrl: null,
});
