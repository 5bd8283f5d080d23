// tap's own declarations name this type, and nobody here installs React's; they shall compile with `skipLibCheck` off.

declare module "react" {
  export type ReactNode = unknown;
}
