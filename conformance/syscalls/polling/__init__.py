"""Waiting for events: epoll, poll, select, eventfd, timerfd, signalfd, inotify, fanotify, asynchronous I/O."""
