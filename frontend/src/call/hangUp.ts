import type { RemoteParticipant, Room } from 'livekit-client';
import { ATTRIBUTE_PUBLISH_ON_BEHALF, RPC_HANG_UP } from '../protocol';

const ENOUGH_MS = 500;

function agentOf(room: Room): RemoteParticipant | undefined {
  return [...room.remoteParticipants.values()].find(
    ({ isAgent, attributes }) => isAgent && attributes[ATTRIBUTE_PUBLISH_ON_BEHALF] === undefined,
  );
}

/** Leaves for good: tells the agent, which would wait for a page that reloads, and disconnects. */
export async function hangUp(room: Room): Promise<void> {
  for (const { track } of room.localParticipant.trackPublications.values()) track?.stop();
  const agent = agentOf(room);
  if (agent !== undefined) {
    const told = room.localParticipant.performRpc({
      destinationIdentity: agent.identity,
      method: RPC_HANG_UP,
      payload: '',
    });
    // Untold, it leaves by itself after a while.
    await Promise.race([
      told.catch(() => undefined),
      new Promise((resolve) => {
        setTimeout(resolve, ENOUGH_MS);
      }),
    ]);
  }
  await room.disconnect();
}
