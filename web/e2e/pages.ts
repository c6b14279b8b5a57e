/** Every page, with the things that the fixtures hold. */
export const pages = ["/", "/runs", "/settings"];
