import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import type { Line } from '../conversation/lines';
import { Captions } from './Captions';

const line: Line = { id: '1', who: 'agent', how: 'spoken', text: 'Hello there.', state: 'done' };

test('the words for screen readers do not go with the captions, where the chat takes their place', () => {
  const markup = renderToStaticMarkup(createElement(Captions, { line, told: line, shown: true }));
  const [before = '', log] = markup.split(/<div(?=[^>]*role="log")/);
  expect(log).toContain('Hello there.');
  expect(before.match(/<div/g)).toHaveLength(before.match(/<\/div/g)?.length ?? 0);
});

test('a screen reader does not read Arabic as English, and it does not run from the left', () => {
  const arabic: Line = { ...line, text: 'مرحبا.', language: 'ar' };
  const markup = renderToStaticMarkup(createElement(Captions, { line: arabic, told: arabic, shown: true }));
  const [, log] = markup.split(/<div(?=[^>]*role="log")/);
  expect(log).toContain('<p dir="auto" lang="ar">مرحبا.</p>');
});

test('a screen reader does not lose the last sentence where something was typed behind it', () => {
  const markup = renderToStaticMarkup(createElement(Captions, { line: null, told: line, shown: true }));
  const [before, log] = markup.split(/<div(?=[^>]*role="log")/);
  expect(before).not.toContain('Hello');
  expect(log).toContain('Hello there.');
});
