const js = require("@eslint/js");
const globals = require("globals");

// What may not stand in a page of ours, beside eslint's own recommendations.
const rules = {
  "array-callback-return": "error",
  complexity: ["error", 15],
  curly: "error",
  "default-case-last": "error",
  "dot-notation": "error",
  eqeqeq: "error",
  "max-depth": ["error", 4],
  "no-alert": "error",
  "no-console": "error",
  "no-else-return": "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-lonely-if": "error",
  "no-new-func": "error",
  "no-new-wrappers": "error",
  "no-param-reassign": "error",
  "no-return-assign": "error",
  "no-script-url": "error",
  "no-self-compare": "error",
  "no-sequences": "error",
  "no-shadow": "error",
  "no-throw-literal": "error",
  "no-unneeded-ternary": "error",
  "no-unused-expressions": "error",
  "no-use-before-define": ["error", {functions: false, variables: false}],
  "no-useless-concat": "error",
  "no-useless-rename": "error",
  "no-useless-return": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  radix: "error",
  yoda: "error",
};

module.exports = [
  js.configs.recommended,
  {
    linterOptions: {reportUnusedDisableDirectives: "error"},
    rules,
  },
  {
    files: ["static/**/*.js"],
    languageOptions: {sourceType: "module", globals: globals.browser},
  },
  {
    // Plain scripts; what one of them declares, another one uses.
    files: ["dev/**/*.js"],
    languageOptions: {sourceType: "script", globals: globals.browser},
    rules: {
      "no-redeclare": ["error", {builtinGlobals: false}],
      "no-unused-vars": ["error", {vars: "local"}],
    },
  },
  {
    // Node's own: the configurations of the formatters.
    files: ["**/*.cjs"],
    languageOptions: {sourceType: "commonjs", globals: globals.node},
  },
];
