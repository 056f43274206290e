/** A setting that is a table or a list stands in the environment as JSON; other text stays as it is, for the check to refuse. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
