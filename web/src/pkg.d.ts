// What the bindings crate exports, for checking without a build. Must agree with bindings.rs.
declare module "*/pkg/page.js" {
  export default function load(): Promise<unknown>;
  export function text_diff(before: string, after: string): string;
  export function engine_version(): number;
}

// Must agree with judge/bindings.rs.
declare module "*/pkg/judge.js" {
  export default function load(): Promise<unknown>;
  export function learn(pairs: Uint8Array, weights: Uint8Array): void;
  export function text_edit(before: string, after: string): string;
  export function argument_kind(before?: string, after?: string): string;
}

// Must agree with workbench/bindings.rs.
declare module "*/pkg/workbench.js" {
  export default function load(): Promise<unknown>;
  export function lint_policy(document: string): string;
  export class Replay {
    add(page: string): string;
    run(document: string, levels: string): string;
  }
  export function check_proof(proof: string, key: string): string;
  export class LogCheck {
    trust(note: string, key: string): string;
    add(text: string): string;
    finish(): string;
  }
}
