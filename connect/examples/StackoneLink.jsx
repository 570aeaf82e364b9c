// <stackone-link> as a React component, for React 18 and 19. The page loads connect.js once:
// <script type="module" src="https://connect.example.com/connect.js"></script>
import { useEffect, useRef } from "react";

const EVENTS = {
  opened: "onOpened",
  linked: "onLinked",
  verified: "onVerified",
  failed: "onFailed",
  cancelled: "onCancelled",
  expired: "onExpired",
};

/**
 * `session` makes a session: a promise of what your backend got of `POST /v1/link-sessions`.
 * `on…` get the event's detail; account_id is true only in `onVerified`.
 */
export function StackoneLink({ session, texts, ...rest }) {
  const element = useRef(null);
  const latest = useRef(rest);
  latest.current = rest;

  useEffect(() => {
    element.current.session = session;
  }, [session]);

  useEffect(() => {
    if (texts) element.current.texts = texts;
  }, [texts]);

  useEffect(() => {
    const link = element.current;
    const tell = ({ type, detail }) => latest.current[EVENTS[type]]?.(detail);
    for (const name of Object.keys(EVENTS)) link.addEventListener(name, tell);
    return () => {
      for (const name of Object.keys(EVENTS)) link.removeEventListener(name, tell);
    };
  }, []);

  const attributes = Object.entries(rest).filter(([name]) => !Object.values(EVENTS).includes(name));
  return <stackone-link ref={element} {...Object.fromEntries(attributes)} />;
}
