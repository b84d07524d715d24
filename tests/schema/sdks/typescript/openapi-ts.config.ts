import { defineConfig } from "@hey-api/openapi-ts";

export default defineConfig({
  input: "openapi.json",
  // Node.js resolves imports with extensions only.
  output: { path: "client", importFileExtension: ".js" },
});
