/** How often the window's address is looked at, in ms. */
const interval = 200;

/**
 * Opens Gitea's consent page in a window and resolves when it reached the callback or was closed: true; false
 * when the browser blocked it. The address is readable only on our own origin: while it is not, the window is
 * simply still open.
 */
export function openConsent(start: string, callback: string): Promise<boolean> {
  const popup = window.open(start, 'databricks-sign-in', 'popup,width=620,height=720');
  if (popup === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!popup.closed && !addressOf(popup).startsWith(callback)) return;
      clearInterval(timer);
      popup.close();
      resolve(true);
    }, interval);
  });
}

function addressOf(popup: Window): string {
  try {
    return popup.location.href;
  } catch {
    return '';
  }
}
