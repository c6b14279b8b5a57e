/** The frame: top bar, side bar, palette, help, toasts. */
import { Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { useServer } from "../api/queries";
import { useKeys } from "../lib/keys";
import { moment } from "../lib/format";
import { choose, dark, settings, toggleTheme } from "../lib/settings";
import { cliLine, copy, dismiss, offlineSince, toasts, useCell } from "../lib/store";
import { To } from "./bits";
import { Help, Palette } from "./dialogs";
import { Icon } from "./icons";
import { rooms, type Room } from "./rooms";
import { LoadingBar } from "./state";

function isAt(room: Room, path: string): boolean {
  if (room.path === "/") return path === "/";
  return path.startsWith(room.path) || (room.also?.some((other) => path.startsWith(other)) ?? false);
}

function Side() {
  const path = useRouterState({ select: (s) => s.location.pathname });
  const { side } = useCell(settings);
  const icons = side === "icons";
  return (
    <nav className="side" aria-label="Rooms">
      {rooms.map((room) => (
        <To key={room.path} href={room.path} aria-current={isAt(room, path) ? "page" : undefined} title={`${room.name} (g ${room.key})`} aria-label={room.name}>
          <Icon name={room.icon} />
          <span>{room.name}</span>
        </To>
      ))}
      <div className="end" />
      <To href="/settings" aria-current={path === "/settings" ? "page" : undefined} title="Settings" aria-label="Settings">
        <Icon name="settings" />
        <span>Settings</span>
      </To>
      <button type="button" className="folder" onClick={() => choose("side", icons ? "full" : "icons")} title={icons ? "Unfold the side bar" : "Fold the side bar"} aria-label={icons ? "Unfold the side bar" : "Fold the side bar"}>
        <Icon name="fold" />
        <span>Fold</span>
      </button>
    </nav>
  );
}

function TopBar({ onJump, onHelp }: { onJump: () => void; onHelp: () => void }) {
  const since = useCell(offlineSince);
  const line = useCell(cliLine);
  const server = useServer();
  useCell(settings);
  const project = server.data?.projects[0];
  return (
    <div className="topbar">
      <button type="button" className="jump" onClick={onJump}>
        <Icon name="search" />
        <span className="grow cut">Jump to a page, run, model or data set</span>
        <kbd>Ctrl K</kbd>
      </button>
      {project && <span className="tag cut" title="The project that this server serves">{project}</span>}
      <div className="row right">
        {since !== null && (
          <span className="stale" role="status">
            <i aria-hidden="true">!</i> no live updates since {moment(since)}
          </span>
        )}
        <button type="button" className="btn quiet" aria-label="Copy as command" onClick={() => void copy(line)} title={`Copy: ${line}`}>
          <span className="mono">$</span> <span className="wide-only">Copy as command</span> <kbd>.</kbd>
        </button>
        <button type="button" className="btn quiet icon" onClick={toggleTheme} aria-label={dark() ? "Light theme" : "Dark theme"} title="Theme (t)">
          <Icon name={dark() ? "sun" : "moon"} />
        </button>
        <button type="button" className="btn quiet icon" onClick={onHelp} aria-label="Keyboard help" title="Keys (?)">
          <Icon name="help" />
        </button>
      </div>
    </div>
  );
}

function Toasts() {
  const list = useCell(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {list.map((item) => (
        <div key={item.id} className="toast">
          <span className="grow wrap">{item.text}</span>
          {item.action && (
            <button
              type="button"
              className="btn"
              onClick={() => {
                item.action?.run();
                dismiss(item.id);
              }}
            >
              {item.action.label}
            </button>
          )}
          <button type="button" className="btn quiet icon" aria-label="Dismiss" onClick={() => dismiss(item.id)}>
            <Icon name="close" size={12} />
          </button>
        </div>
      ))}
    </div>
  );
}

export function Shell() {
  const router = useRouter();
  const [open, setOpen] = useState<"" | "palette" | "help">("");
  const go = (path: string) => router.history.push(path);
  useKeys([
    { keys: "ctrl+k", label: "Jump to anything", group: "Everywhere", always: true, run: () => setOpen(open === "palette" ? "" : "palette") },
    { keys: "?", label: "This list", group: "Everywhere", run: () => setOpen("help") },
    { keys: "t", label: "Light or dark", group: "Everywhere", run: toggleTheme },
    { keys: ".", label: "Copy the command of this view", group: "Everywhere", run: () => void copy(cliLine.get()) },
    {
      keys: "/",
      label: "Filter this page",
      group: "Everywhere",
      run: () => {
        const field = document.querySelector<HTMLInputElement>("[data-filter]");
        if (field) field.focus();
        else setOpen("palette");
      },
    },
    ...rooms.map((room) => ({ keys: `g ${room.key}`, label: room.name, group: "Go to", run: () => go(room.path) })),
  ]);
  return (
    <div className="shell">
      <header className="contents">
      <To href="/" className="brand" aria-label="Volano, overview">
        <svg width="18" height="18" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" aria-hidden="true">
          <path d="M13.9 6.2A6.2 6.2 0 1 1 9.8 2.1" />
          <path d="m9.2.6 1.6 1.7-1.9 1.5" strokeLinejoin="round" />
          <circle cx="8" cy="8" r="1.9" fill="currentColor" stroke="none" />
        </svg>
        <span>Volano</span>
      </To>
      <TopBar onJump={() => setOpen("palette")} onHelp={() => setOpen("help")} />
      </header>
      <Side />
      <main className="main" id="main">
        <LoadingBar />
        <Outlet />
      </main>
      {open === "palette" && <Palette close={() => setOpen("")} />}
      {open === "help" && <Help close={() => setOpen("")} />}
      <Toasts />
    </div>
  );
}
