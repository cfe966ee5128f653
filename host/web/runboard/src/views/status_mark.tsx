import type { Look } from '../status';

/** Icon, word and colour of a state. */
export function StatusMark({ look, testid }: { look: Look; testid?: string }) {
  return (
    <span class={`status ${look.tone}`} data-status={look.word} {...(testid ? { 'data-testid': testid } : {})}>
      <span class="icon" aria-hidden="true">{look.icon}</span>
      <span class="word">{look.word}</span>
    </span>
  );
}

/** What went wrong and what helps. */
export function Problem({ message, hint, onClose }: { message: string; hint?: string | null; onClose?: () => void }) {
  return (
    <div class="problem" role="alert">
      <div>
        <p class="message">{message}</p>
        {hint ? <p class="hint">{hint}</p> : null}
      </div>
      {onClose && (
        <button type="button" class="tool" aria-label="Dismiss" onClick={onClose}>×</button>
      )}
    </div>
  );
}
