import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import './styles/tokens.css';
import './styles/base.css';
import './styles/start.css';
import './styles/call.css';
import './styles/stage.css';
import './styles/controls.css';
import './styles/panel.css';
import './styles/appearance.css';
import './styles/chat.css';
import './styles/settings.css';
import './styles/remember.css';
import './styles/cards.css';
import './styles/memory.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
