import { Button } from '../../../components/button.tsx';
import { Dialog } from '../../../components/dialog.tsx';

/** Asks before a run's work so far is thrown away. */
export function CancelDialog(props: { number: number; onClose: () => void; onConfirm: () => void }) {
  return (
    <Dialog
      title={`Cancel run ${props.number}?`}
      onClose={props.onClose}
      width={440}
      footer={
        <>
          <Button onClick={props.onClose}>Keep training</Button>
          <Button tone="red" onClick={props.onConfirm}>
            Cancel run {props.number}
          </Button>
        </>
      }
    >
      <p>What it has computed so far is lost. The commit can be trained again at any time.</p>
    </Dialog>
  );
}
