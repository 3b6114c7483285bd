// The formatting of OCA's template: 88 columns, and XML whose white space is kept.
module.exports = {
  plugins: [require.resolve("@prettier/plugin-xml")],
  bracketSpacing: false,
  printWidth: 88,
  proseWrap: "preserve",
  trailingComma: "es5",
  xmlWhitespaceSensitivity: "preserve",
  tabWidth: 4,
  overrides: [
    {
      files: ["*.json", "*.md", "*.yaml", "*.yml", "*.cjs"],
      options: {tabWidth: 2},
    },
  ],
};
