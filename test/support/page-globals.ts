/** What tests use of a page's globals, in functions that run there. Tests are checked without the DOM's types. */
interface PageElement {
  dataset: Record<string, string | undefined>;
  textContent: string;
  innerHTML: string;
  getAttribute(name: string): string | null;
  append(element: PageElement): void;
  dispatchEvent(event: object): boolean;
}

export interface PageDocument {
  title: string;
  activeElement: PageElement | null;
  body: PageElement;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): { length: number };
  createElement(name: string): PageElement;
  addEventListener(type: string, listener: (event: { effectiveDirective: string }) => void): void;
}
