"""What persons decide about documents: corrections, rejections, holds, approvals; and undo."""
