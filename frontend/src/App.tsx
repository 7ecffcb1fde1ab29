import { lazy, Suspense, useEffect } from 'react';
import { useCall } from './call/useCall';
import { StartScreen } from './view/StartScreen';

const loadCallScreen = () => import('./view/CallScreen');
const CallScreen = lazy(loadCallScreen);

export function App() {
  const { phase, start, hangUp } = useCall();

  // WebRTC is most of the page's weight. It loads while the start screen is being read.
  useEffect(() => {
    Promise.all([loadCallScreen(), import('./call/openCall')]).catch(
      () => undefined, // Offline is told when a call is started.
    );
  }, []);

  const startScreen = <StartScreen phase={phase} onStart={start} onCancel={hangUp} />;
  if (phase.name !== 'live') return startScreen;
  return (
    <Suspense fallback={startScreen}>
      <CallScreen call={phase.call} problem={phase.problem} onRestart={start} onHangUp={hangUp} />
    </Suspense>
  );
}
