export interface Allowed {
  sound: boolean;
  picture: boolean;
}

/**
 * What a button offers to start. Sound first: a touch of the page starts both. The picture only where
 * there is one: nothing tells that a browser has stopped holding back one that is gone.
 */
export function heldBack(allowed: Allowed, hasPicture: boolean): 'sound' | 'picture' | null {
  if (!allowed.sound) return 'sound';
  return hasPicture && !allowed.picture ? 'picture' : null;
}
