// Lists that are typed in one field. Must not know of what.

/** Words between commas, without blanks around them. */
export const parted = (text: string): string[] => text.split(/[,\n]/).map((word) => word.trim()).filter(Boolean);
