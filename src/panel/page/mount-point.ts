/** A place in Gitea's page: a parent and the child to stand before (null: at the end). */
export interface MountPoint {
  parent: Element;
  before: Element | null;
}
