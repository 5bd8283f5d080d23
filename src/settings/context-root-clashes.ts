// Context roots that two applications of one `domain.yaml` claim on one virtual host (SPEC R2), told with their place. The
// domain refuses the same when the file is applied (domain/context-roots.ts), in the same words.

import type { Place, Reading, Source } from "./reading.ts";
import { BUILT_IN_HOST } from "./references.ts";
import { itemsUnder, textOf, under, walk } from "./walk.ts";
import { withoutEndSlash } from "./words.ts";

interface Root {
  readonly root: string;
  readonly place: Place;
}

/** One line for each clash, at the later of the two. */
export function contextRootClashes(source: Source): readonly string[] {
  return walk(source, (root, reading) => {
    const owners = new Map<string, string>();
    for (const application of itemsUnder(root, "applications", reading)) {
      const id = textOf(under(application, "id", reading));
      if (id !== undefined) claimAll(id, application, owners, reading);
    }
  });
}

function claimAll(id: string, application: Place, owners: Map<string, string>, reading: Reading): void {
  for (const virtualHost of hostsOf(application, reading)) {
    for (const { root, place } of rootsOf(id, application, reading)) {
      const claim = `${virtualHost} ${root}`;
      const owner = owners.get(claim);
      if (owner === undefined) owners.set(claim, id);
      else if (owner !== id) {
        reading.refuse(
          place,
          `Cannot give context root "${root}" on virtual host "${virtualHost}" to application "${id}": application "${owner}" has it`,
        );
      }
    }
  }
}

function hostsOf(application: Place, reading: Reading): readonly string[] {
  if (under(application, "virtualHosts", reading) === undefined) return [BUILT_IN_HOST];
  return itemsUnder(application, "virtualHosts", reading).flatMap((host) => textOf(host) ?? []);
}

/** The default root stands where the id does. */
function rootsOf(id: string, application: Place, reading: Reading): readonly Root[] {
  if (under(application, "contextRoots", reading) === undefined) {
    const place = under(application, "id", reading) ?? application;
    const hasPaths = itemsUnder(application, "paths", reading).length > 0;
    return hasPaths ? [] : [{ root: `/${id}`, place }];
  }
  return itemsUnder(application, "contextRoots", reading).flatMap((place) => {
    const written = textOf(place);
    return written === undefined ? [] : [{ root: withoutEndSlash(written), place }];
  });
}
