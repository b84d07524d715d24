// Generate src/schema.ts from the service's OpenAPI document: node generate.mjs OPENAPI_JSON
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const { StringKeyword, NumberKeyword, BooleanKeyword } = ts.SyntaxKind;

// The document declares these without a type, because most generators lose a union; TypeScript has unions.
const UNIONS = {
  "#/components/schemas/MeasuredValue": [StringKeyword, NumberKeyword, BooleanKeyword],
  "#/components/schemas/LocationPart": [StringKeyword, NumberKeyword],
};

const document = JSON.parse(await readFile(process.argv[2], "utf8"));
const nodes = await openapiTS(document, {
  alphabetize: true,
  postTransform(_type, { path }) {
    const keywords = UNIONS[path];
    return keywords && ts.factory.createUnionTypeNode(keywords.map(ts.factory.createKeywordTypeNode));
  },
});
const header = "// Generated from the service's OpenAPI document by generate.mjs. Do not edit: run `make sdk-typescript`.\n\n";
await writeFile(new URL("src/schema.ts", import.meta.url), header + astToString(nodes));
