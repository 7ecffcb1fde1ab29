import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, expect, test } from 'vitest';
import { forgetDraft, rememberDraft } from '../conversation/draft';
import { MESSAGE_LIMIT } from '../protocol';
import { Composer } from './Composer';

afterEach(forgetDraft);

function show(over: boolean): string {
  const given = { canSend: true, over, retells: false, onSend: () => undefined, onFile: null };
  return renderToStaticMarkup(createElement(Composer, given));
}

test('a call that breaks off does not cost the focus or what was being typed', () => {
  rememberDraft('Half a sent');
  const [textarea = ''] = /<textarea.*<\/textarea>/.exec(show(true)) ?? [];
  expect(textarea).toContain('>Half a sent<');
  expect(textarea).toContain('readOnly');
  expect(textarea).not.toContain('disabled');
  expect(show(false)).toContain('>Half a sent<');
});

test('what is typed is not sent where the call is over', () => {
  rememberDraft('Half a sent');
  expect(show(true)).toMatch(/<button[^>]*data-testid="chat-send"[^>]*disabled/);
  expect(show(false)).not.toMatch(/<button[^>]*data-testid="chat-send"[^>]*disabled/);
});

test('a long text that is pasted is neither cut nor refused without a word', () => {
  const unsent = /<button[^>]*data-testid="chat-send"[^>]*disabled/;
  rememberDraft('😀'.repeat(MESSAGE_LIMIT)); // Characters, not what JavaScript counts.
  expect(show(false)).not.toMatch(/maxlength/i);
  expect(show(false)).not.toMatch(unsent);
  expect(show(false)).not.toContain('too long');
  rememberDraft('😀'.repeat(MESSAGE_LIMIT + 1234));
  expect(show(false)).toMatch(unsent);
  expect(show(false)).toContain('too long to be sent, by 1,234 characters.');
});
