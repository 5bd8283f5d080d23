// tap's own declarations name this, which is newer than the oldest supported Node; they shall compile with
// `skipLibCheck` off. TODO when Node 20 goes: delete this file.

declare module "module" {
  namespace Module {
    const registerHooks: unknown;
  }
}

export {};
