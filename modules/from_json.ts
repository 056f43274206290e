/** In the environment a setting that is a table or a list is JSON. Other text is kept, and the check refuses it. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
