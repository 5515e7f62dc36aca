package plot

type writer struct{}

func (h *spreads) text(w *writer) {}
func (h *heat) text(w *writer)    {}
func (h *gallery) text(w *writer) {}
func (h *lineSet) text(w *writer) {}
func (h *cloud) text(w *writer)   {}
