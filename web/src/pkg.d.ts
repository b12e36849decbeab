// What the bindings crate exports, for checking without a build. Must agree with bindings.rs.
declare module "*/pkg/page.js" {
  export default function load(): Promise<unknown>;
  export function text_edit(before: string, after: string): string;
  export function text_diff(before: string, after: string): string;
  export function argument_kind(before?: string, after?: string): string;
  export function engine_version(): number;
}
