import { creating, entry, helping } from '../app_store';
import { sessionId } from '../route';
import { HelpSheet } from './help_sheet';
import { SessionDialog } from './session_dialog';
import { SessionPage } from './session_page';
import { SessionsPage } from './sessions_page';
import { SignedOut } from './signed_out';
import { TopBar } from './top_bar';

export function App() {
  if (entry.value === 'starting') return null;
  if (entry.value === 'out') return <SignedOut />;
  return (
    <>
      <TopBar />
      {sessionId.value === null ? <SessionsPage /> : <SessionPage />}
      {creating.value && <SessionDialog />}
      {helping.value && <HelpSheet />}
    </>
  );
}
