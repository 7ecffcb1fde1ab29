import type { ReactNode } from 'react';

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      width="22"
      height="22"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const MicIcon = ({ off = false }: { off?: boolean }) => (
  <Icon>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    {off && <path d="m4 4 16 16" />}
  </Icon>
);

export const ChevronIcon = () => (
  <Icon>
    <path d="m8 10 4 4 4-4" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <rect x="7" y="7" width="10" height="10" rx="2" fill="currentColor" />
  </Icon>
);

export const CaptionsIcon = () => (
  <Icon>
    <rect x="3" y="5" width="18" height="14" rx="3" />
    <path d="M10.5 10.4a2.1 2.1 0 1 0 0 3.2M17 10.4a2.1 2.1 0 1 0 0 3.2" />
  </Icon>
);

export const ChatIcon = () => (
  <Icon>
    <path d="M20 11.5a7.5 7.5 0 0 1-11 6.6L4 19.5l1.4-4.6A7.5 7.5 0 1 1 20 11.5Z" />
  </Icon>
);

export const HangUpIcon = () => (
  <Icon>
    <path d="M3.5 14.6c-.8-.8-.9-2 .1-2.9a12.3 12.3 0 0 1 16.8 0c1 .9.9 2.1.1 2.9l-1 1c-.5.5-1.3.6-1.9.2l-2-1.3c-.5-.3-.7-.8-.7-1.3v-1.3a9.5 9.5 0 0 0-5.8 0v1.3c0 .5-.3 1-.7 1.3l-2 1.3c-.6.4-1.4.3-1.9-.2l-1-1Z" fill="currentColor" stroke="none" />
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5M6 11l6-6 6 6" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m7 7 10 10M17 7 7 17" />
  </Icon>
);

export const InfoIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 11v5M12 8v.01" />
  </Icon>
);

export const SoundIcon = () => (
  <Icon>
    <path d="M4 10v4h3.5L12 18V6L7.5 10ZM15.5 9.5a3.5 3.5 0 0 1 0 5M18 7a7 7 0 0 1 0 10" />
  </Icon>
);

export const FaceIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M8.5 14.5a4.2 4.2 0 0 0 7 0M9 9.5v.01M15 9.5v.01" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 8h9M19 8h1M4 16h1M11 16h9" />
    <circle cx="16" cy="8" r="2.6" />
    <circle cx="8" cy="16" r="2.6" />
  </Icon>
);

export const OpenIcon = () => (
  <Icon>
    <path d="M9 7h8v8M17 7 7 17" />
  </Icon>
);

export const CameraIcon = () => (
  <Icon>
    <rect x="3" y="6.5" width="12" height="11" rx="2.5" />
    <path d="m15 11 5.5-3v8L15 13" />
  </Icon>
);

export const ScreenIcon = () => (
  <Icon>
    <rect x="3" y="4.5" width="18" height="12" rx="2.5" />
    <path d="M9 20h6M12 13.5v-6M9.5 9.8 12 7.3l2.5 2.5" />
  </Icon>
);

export const AttachIcon = () => (
  <Icon>
    <path d="m19 11.5-7 7a4.6 4.6 0 0 1-6.5-6.5l7.4-7.4a3.1 3.1 0 0 1 4.4 4.4l-7.3 7.3a1.5 1.5 0 0 1-2.2-2.2l6.6-6.6" />
  </Icon>
);
