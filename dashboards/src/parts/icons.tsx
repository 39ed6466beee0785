/** Drawn by hand, one stroke width, in the colour of the text around them. */
import type { ReactNode } from 'react';

function Icon({ children, size = 24 }: { readonly children: ReactNode; readonly size?: number }): ReactNode {
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      fill="none"
      stroke="currentColor"
      strokeWidth={size === 24 ? 1.8 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export function Mark(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" className="mark" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#123f49" />
      <path d="M17.5 9.8 29 6v7.6z" fill="#f2b84b" opacity=".35" />
      <path d="m13.2 24 1.3-12h3l1.3 12z" fill="#e9f3f2" />
      <path d="M13 11.9h6" stroke="#e9f3f2" strokeWidth="1.6" strokeLinecap="round" />
      <circle cx="16" cy="9.8" r="1.9" fill="#f2b84b" />
      <path
        d="M4.5 24.6c2.3 0 2.3 1.6 4.6 1.6s2.3-1.6 4.6-1.6 2.3 1.6 4.6 1.6 2.3-1.6 4.6-1.6 2.3 1.6 4.6 1.6"
        fill="none"
        stroke="#5cc4c0"
        strokeWidth="1.8"
        strokeLinecap="round"
      />
    </svg>
  );
}

export const icons = {
  overview: (
    <Icon>
      <path d="M4 20V11M9.3 20V5M14.7 20v-7M20 20V8" />
    </Icon>
  ),
  mentions: (
    <Icon>
      <path d="M20 15.5a2 2 0 0 1-2 2H9l-4.5 3.5V6a2 2 0 0 1 2-2H18a2 2 0 0 1 2 2z" />
      <path d="M8.5 9h7.5M8.5 12.8h5" />
    </Icon>
  ),
  alerts: (
    <Icon>
      <path d="M12 4a5.5 5.5 0 0 0-5.5 5.5c0 5-2 6.5-2 6.5h15s-2-1.5-2-6.500A5.5 5.5 0 0 0 12 4z" />
      <path d="M10.2 19.500a2 2 0 0 0 3.6 0" />
    </Icon>
  ),
  triage: (
    <Icon>
      <path d="M4 13.5 6.5 5.200A1.7 1.7 0 0 1 8.1 4h7.800a1.7 1.7 0 0 1 1.6 1.200L20 13.500V18a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2z" />
      <path d="M4 13.500h4.500l1.5 2.500h4l1.5-2.500H20" />
    </Icon>
  ),
  sources: (
    <Icon>
      <circle cx="12" cy="12" r="2" />
      <path d="M7.8 16.200a6 6 0 0 1 0-8.400M16.2 7.800a6 6 0 0 1 0 8.400M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14" />
    </Icon>
  ),
  sun: (
    <Icon>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.400M5.6 18.4 7 17M17 7l1.4-1.4" />
    </Icon>
  ),
  moon: (
    <Icon>
      <path d="M20 14.500A8.3 8.3 0 0 1 9.5 4 8.3 8.3 0 1 0 20 14.500z" />
    </Icon>
  ),
  search: (
    <Icon>
      <circle cx="11" cy="11" r="6.5" />
      <path d="m16 16 4.5 4.5" />
    </Icon>
  ),
  close: (
    <Icon>
      <path d="m6 6 12 12M18 6 6 18" />
    </Icon>
  ),
  up: (
    <Icon>
      <path d="M12 19V5M6 11l6-6 6 6" />
    </Icon>
  ),
  back: (
    <Icon>
      <path d="M19 12H5M11 6l-6 6 6 6" />
    </Icon>
  ),
  chevron: (
    <Icon size={12}>
      <path d="m2.5 4.5 3.5 3.5 3.5-3.5" />
    </Icon>
  ),
  question: (
    <Icon>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M9.7 9.600a2.4 2.4 0 1 1 3.6 2.100c-.9.5-1.3 1-1.3 1.900M12 16.600v.1" />
    </Icon>
  ),
  table: (
    <Icon>
      <path d="M4 5h16v14H4zM4 10h16M4 14.500h16M10 5v14" />
    </Icon>
  ),
  calm: (
    <Icon>
      <path d="M3 10c3 0 3 2 6 2s3-2 6-2 3 2 6 2M3 15c3 0 3 2 6 2s3-2 6-2 3 2 6 2" />
      <path d="M9 6.500a3 3 0 0 1 6 0" />
    </Icon>
  ),
  negative: (
    <svg viewBox="0 0 10 10" aria-hidden="true" focusable="false">
      <path d="M1 2.500h8L5 9z" fill="currentColor" />
    </svg>
  ),
  positive: (
    <svg viewBox="0 0 10 10" aria-hidden="true" focusable="false">
      <path d="M1 7.500h8L5 1z" fill="currentColor" />
    </svg>
  ),
  neutral: (
    <svg viewBox="0 0 10 10" aria-hidden="true" focusable="false">
      <rect x="1" y="3.8" width="8" height="2.4" rx="1" fill="currentColor" />
    </svg>
  ),
  unsure: (
    <svg viewBox="0 0 10 10" aria-hidden="true" focusable="false">
      <circle cx="5" cy="5" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2 1.4" />
    </svg>
  ),
} as const;
