// A backend plugin as `rhdh-cli plugin export` would leave it: CommonJS, what the host has is required from the host.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');

exports.default = createBackendPlugin({
  pluginId: 'greeting',
  register(environment) {
    environment.registerInit({
      deps: { config: coreServices.rootConfig, http: coreServices.httpRouter },
      async init({ config, http }) {
        const greeting = config.getString('example.greeting');
        http.use((_request, response) => response.json({ greeting }));
        http.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
